/**
 * Data lines in, samples of token ids out: the five shapes, masks, streaming, shuffling, batches.
 *
 * <p>A record goes one way: {@code RecordScanner} finds where it lies in its file, {@code
 * ExampleParser} reads it as one of the shapes, {@link dev.nacelle.data.SampleEncoder} renders,
 * tokenises and masks it, {@link dev.nacelle.data.Dataset} finds it again by number, {@link
 * dev.nacelle.data.BatchSource} orders the numbers into steps. No stage holds more than one record
 * and none holds a file: what grows with the data lies in files in a scratch folder. Nothing here
 * knows of tensors or models.
 */
@NullMarked
package dev.nacelle.data;

import org.jspecify.annotations.NullMarked;
