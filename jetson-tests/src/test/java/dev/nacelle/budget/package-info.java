/** Whole processes under limits that the system holds them to. */
@NullMarked
package dev.nacelle.budget;

import org.jspecify.annotations.NullMarked;
