/** Listens to a run's events and shows them: progress, step log, report. Decides nothing. */
@NullMarked
package dev.nacelle.report;

import org.jspecify.annotations.NullMarked;
