package dev.nacelle.spiking;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Writes down every layer's spikes while sequences run, one sequence at a time. */
public final class SpikeRecorder implements SpikingModel.Listener {
  private static final int WORD = 32;

  private final List<LayerSpikes> layers = new ArrayList<>();

  @Override
  public void heard(NeuronLayer layer, Tensor spikes) {
    int neurons = Math.toIntExact(layer.outputs());
    Math.toIntExact(spikes.size(0) * spikes.size(1) * neurons); // bits are counted in ints
    BitSet fired = spikes.dtype() == DType.I32 ? words(spikes, neurons) : floats(spikes);
    layers.add(
        new LayerSpikes(layer.name(), (int) spikes.size(0), (int) spikes.size(1), neurons, fired));
  }

  private static BitSet floats(Tensor spikes) {
    float[] values = spikes.toFloats();
    BitSet fired = new BitSet(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] != 0) {
        fired.set(i);
      }
    }
    return fired;
  }

  private static BitSet words(Tensor spikes, int neurons) {
    var words = spikes.storage().buffer();
    int count = Math.toIntExact(spikes.elements());
    int wordsARow = Math.toIntExact(spikes.size(-1));
    BitSet fired = new BitSet();
    for (int i = 0; i < count; i++) {
      int first = i / wordsARow * neurons + i % wordsARow * WORD;
      for (int rest = words.getInt(i); rest != 0; rest &= rest - 1) {
        fired.set(first + Integer.numberOfTrailingZeros(rest));
      }
    }
    return fired;
  }

  /** What was heard, in order. */
  public List<LayerSpikes> layers() {
    return List.copyOf(layers);
  }
}
