/**
 * The command line: one command a file, which parses, calls the public API and prints. Standard
 * output carries the result alone; everything else goes to standard error.
 */
@NullMarked
package dev.nacelle.cli;

import org.jspecify.annotations.NullMarked;
