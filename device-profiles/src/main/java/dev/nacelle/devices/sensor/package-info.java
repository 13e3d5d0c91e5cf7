/**
 * A machine's sensors, read from files: power rails and energy counters, temperatures, clocks, and
 * what throttles. No sensor is needed; what vanishes while it is read is a value that is not known.
 */
@NullMarked
package dev.nacelle.devices.sensor;

import org.jspecify.annotations.NullMarked;
