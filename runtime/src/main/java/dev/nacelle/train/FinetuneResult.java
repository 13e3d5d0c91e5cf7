package dev.nacelle.train;

import dev.nacelle.memory.LedgerClass;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a finished run came to.
 *
 * @param last the last step
 * @param evalBefore held-out loss before the first step; null without evaluation
 * @param evalAfter held-out loss after the last step; null without evaluation
 * @param classes bytes of each ledger class when the ledger was highest
 * @param processPeakBytes the process's peak resident set as the kernel counts it; 0 where it does
 *     not say
 * @param isaLevel of our kernels
 * @param productLibrary what multiplied the largest shape
 */
public record FinetuneResult(
    StepRecord last,
    long steps,
    long samples,
    long truncated,
    long dropped,
    long badLines,
    long tokens,
    double trainSeconds,
    double totalSeconds,
    @Nullable Double evalBefore,
    @Nullable Double evalAfter,
    @Nullable Double evalBest,
    Map<LedgerClass, Long> classes,
    long ledgerPeakBytes,
    long processPeakBytes,
    String isaLevel,
    String backend,
    String productLibrary) {}
