/** Low-rank adapters: their parameters, targets and files. */
@NullMarked
package dev.nacelle.adapter;

import org.jspecify.annotations.NullMarked;
