package dev.nacelle.train;

import dev.nacelle.memory.LedgerClass;
import java.util.Map;

/**
 * What one optimiser step came to: a line of the log.
 *
 * @param step counts from 1
 * @param loss mean over the step's target tokens
 * @param tokens real tokens
 * @param targetTokens tokens with a loss
 * @param paddingTokens rows computed for nothing
 * @param rate the learning rate of A
 * @param gradNorm before clipping
 * @param seconds from the first batch's forward to the end of the update
 * @param neededFlops what {@link NeededWork} says the step cannot do without
 * @param bytes held by the ledger after the step
 * @param peakBytes the most that the ledger held since the run began
 * @param classes how the bytes were divided when this step held most
 */
public record StepRecord(
    long step,
    double loss,
    long tokens,
    long targetTokens,
    long paddingTokens,
    double rate,
    double gradNorm,
    double seconds,
    double neededFlops,
    long bytes,
    long peakBytes,
    Map<LedgerClass, Long> classes) {}
