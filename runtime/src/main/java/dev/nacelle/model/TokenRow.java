package dev.nacelle.model;

/**
 * What a model reads at once: samples laid end to end in one row of N tokens.
 *
 * @param ids (N) token ids
 * @param positions (N) each token's place in its sample
 * @param starts (S+1) where each sample begins, then N
 * @param targets (N) the id that each token should predict, −100 where none
 */
@SuppressWarnings("ArrayRecordComponent") // parallel arrays of one batch, never compared
public record TokenRow(int[] ids, int[] positions, int[] starts, int[] targets) {}
