/**
 * What a run will hold, before it runs: the same model and trainer walked with kernels that compute
 * nothing, what the process itself costs, and the search for a strategy that fits a budget.
 */
@NullMarked
package dev.nacelle.planning;

import org.jspecify.annotations.NullMarked;
