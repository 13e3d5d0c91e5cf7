package dev.nacelle;

/**
 * What an evaluation came to.
 *
 * @param loss mean over the target tokens, in nats
 * @param perplexity e to the loss, at most the largest double
 * @param targetTokens tokens with a loss
 * @param samples those evaluated
 * @param truncated records longer than the largest length, also those then dropped
 * @param dropped records left without a target
 * @param badLines lines that were skipped; 0 unless they may be
 */
public record EvaluationSummary(
    double loss,
    double perplexity,
    long targetTokens,
    long samples,
    long truncated,
    long dropped,
    long badLines) {}
