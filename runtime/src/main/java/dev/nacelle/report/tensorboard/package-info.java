/**
 * TensorBoard's event files: framed records with checksums, and the few fields of its messages that
 * scalars need. Knows nothing of training.
 */
@NullMarked
package dev.nacelle.report.tensorboard;

import org.jspecify.annotations.NullMarked;
