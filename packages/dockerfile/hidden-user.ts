/** The text with user and password of its URLs hidden: what people, histories and logs are shown. */
export const withHiddenUsers = (text: string): string =>
  text.replace(/(https?:\/\/)[^\s/@'"]+@/gi, '$1xxxxx@')
