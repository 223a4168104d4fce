/** 4 or 6 for an IP address, 0 for any other text. The module that knows is loaded when asked: few commands need it. */
export const ipVersion = (text: string): number => process.getBuiltinModule('node:net').isIP(text)
