/** The operators' commands, called as the command line calls them. */
@NullMarked
package dev.nacelle.cli.op;

import org.jspecify.annotations.NullMarked;
