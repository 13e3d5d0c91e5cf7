package dev.nacelle.layer;

import dev.nacelle.memory.Strategy;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What all layers of one forward pass share.
 *
 * @param strategy what of it is kept for backward, and how
 * @param positions (T) I32, each row's place in its sample
 * @param inverseFrequencies (D/2) fp32
 * @param ropeScale multiplies cosine and sine
 * @param starts first row of each sample, then T
 * @param training whether dropout drops
 * @param tokenOffset number of the pass's first token in the run, for dropout's counters
 * @param cache keys and values of the rows before, while generating; null otherwise
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Pass(
    Tape tape,
    Strategy strategy,
    Tensor positions,
    Tensor inverseFrequencies,
    float ropeScale,
    int[] starts,
    boolean training,
    long tokenOffset,
    @Nullable KeyValueCache cache) {}
