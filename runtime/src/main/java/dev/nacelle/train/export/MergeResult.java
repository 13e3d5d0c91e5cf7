package dev.nacelle.train.export;

import java.nio.file.Path;

/**
 * What a merge came to.
 *
 * @param out what was written
 * @param type element type of the weights, as {@code --dtype} or {@code --type} spells it
 * @param tensors how many there are
 * @param files how many files of weights
 * @param bytes of the weights
 * @param adapted linear layers that were changed
 * @param untied whether a head that was the token table became a matrix of its own
 * @param rounding what the type lost of the update
 */
public record MergeResult(
    Path out,
    String type,
    int tensors,
    int files,
    long bytes,
    int adapted,
    boolean untied,
    Rounding rounding) {}
