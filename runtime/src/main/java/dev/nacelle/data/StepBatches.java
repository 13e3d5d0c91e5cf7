package dev.nacelle.data;

import java.util.List;

/**
 * The samples of one optimiser step.
 *
 * @param microBatches the micro-batches in order, none of them empty
 * @param epoch the epoch that they are from; a step never spans two
 * @param after where the source stands behind them
 */
public record StepBatches(List<List<Sample>> microBatches, long epoch, Cursor after) {}
