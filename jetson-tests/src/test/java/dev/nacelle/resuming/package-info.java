/** Runs that are interrupted in every way and go on to the same bytes. */
@NullMarked
package dev.nacelle.resuming;

import org.jspecify.annotations.NullMarked;
