/** Training itself: the trainer, optimiser, schedule, evaluation and generation. */
@NullMarked
package dev.nacelle.train;

import org.jspecify.annotations.NullMarked;
