package dev.nacelle.text.tokenizer;

/**
 * A token beside the model's own, found in the text before the model sees it.
 *
 * @param id the id it has in the file; the model's own id for the content goes before it
 * @param content its text
 * @param singleWord whether it counts between word boundaries only
 * @param lstrip whether it takes in the white space before it
 * @param rstrip whether it takes in the white space behind it
 * @param normalized whether it is looked for in the normalized text
 * @param special whether decoding may leave it out
 */
record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {}
