package dev.nacelle.train;

import dev.nacelle.memory.LedgerClass;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run came to, or had come to when it ended early.
 *
 * @param last the last step; null before the first one was done
 * @param resumedFromStep the step of the checkpoint that the run went on from; null for none
 * @param countsWhole whether samples, truncated and dropped are of the whole training side
 * @param samples of the training side; where so large a file was not read through first, those that
 *     were dealt out
 * @param evalBefore held-out loss before the first step; null without evaluation
 * @param evalAfter held-out loss after the last step; null without evaluation
 * @param classes bytes of each ledger class when the ledger was highest
 * @param arenaBytes bytes of pages that tensors ever lay on, mapped files apart
 * @param processPeakBytes the process's peak resident set as the kernel counts it; 0 where it does
 *     not say
 * @param isaLevel of our kernels
 * @param productLibrary what multiplied the largest shape
 * @param sensors what the machine said meanwhile
 */
public record FinetuneResult(
    @Nullable StepRecord last,
    long steps,
    @Nullable Long resumedFromStep,
    boolean countsWhole,
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
    long arenaBytes,
    long processPeakBytes,
    String isaLevel,
    String backend,
    String productLibrary,
    SensorSummary sensors) {}
