/**
 * Networks of spiking neurons: dense layers, neurons with their state, readouts, and the record of
 * who fired when. A network runs over a whole sequence or one time step at a time, with equal
 * results. Time comes first: (T, B, N).
 */
@NullMarked
package dev.nacelle.spiking;

import org.jspecify.annotations.NullMarked;
