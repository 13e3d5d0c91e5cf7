/** Walks without kernels, held against the runs that they foresee. */
@NullMarked
package dev.nacelle.planning;

import org.jspecify.annotations.NullMarked;
