/** The command line from outside: what commands print, return and refuse. */
@NullMarked
package dev.nacelle.commandline;

import org.jspecify.annotations.NullMarked;
