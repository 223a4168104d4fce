/** What `run hello-world` prints. It names only what works in this version. */
export const welcome = `
Hello from Gantry!

This text was printed by a process in a container. To get here,
 1. the command asked the daemon, over its socket, for a container from the image "hello-world";
 2. the daemon unpacked that image, which is part of Gantry, and made a file system of it;
 3. an OCI runtime started /hello in it, and conmon, the container's monitor, passed its output to you.
    The daemon owns none of this: it can be stopped and started while containers run.

Three things to try next:
 * see the container that printed this:
     gantry ps -a
 * make an image of your own machine's busybox, and work in it (Debian: apt-get install busybox-static):
     tar -C / -cf - bin/busybox | gantry import - box
     gantry run -it --rm box /bin/busybox sh
 * load images that another engine has saved, and look at what you have:
     docker save alpine | gantry load
     gantry images
`
