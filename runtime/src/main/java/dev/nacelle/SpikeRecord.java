package dev.nacelle;

import dev.nacelle.report.SpikePictures;
import dev.nacelle.spiking.LayerSpikes;
import java.util.List;
import java.util.Objects;

/** Who fired when in one layer of a spiking network while a batch went through it. */
public final class SpikeRecord {
  private final LayerSpikes spikes;

  SpikeRecord(LayerSpikes spikes) {
    this.spikes = spikes;
  }

  static List<SpikeRecord> of(List<LayerSpikes> layers) {
    return layers.stream().map(SpikeRecord::new).toList();
  }

  /** The layer's place in the network, from {@code 0}. */
  public String layer() {
    return spikes.layer();
  }

  /** T. */
  public int steps() {
    return spikes.steps();
  }

  /** B. */
  public int samples() {
    return spikes.samples();
  }

  /** N. */
  public int neurons() {
    return spikes.neurons();
  }

  /**
   * Whether a neuron fired.
   *
   * @throws IndexOutOfBoundsException for a step, sample or neuron that is not there
   */
  public boolean fired(int step, int sample, int neuron) {
    Objects.checkIndex(step, steps());
    Objects.checkIndex(sample, samples());
    Objects.checkIndex(neuron, neurons());
    return spikes.fired(step, sample, neuron);
  }

  /** Spikes a neuron and step, over everything. */
  public double rate() {
    return spikes.rate();
  }

  /** Spikes a step of each neuron, the mean over samples: (N). */
  public double[] rates() {
    return spikes.rates();
  }

  /** How many neurons have which rate, in bins of equal width from 0 to 1. */
  public int[] histogram(int bins) {
    return spikes.histogram(atLeastOne(bins));
  }

  /** One sample's spikes as an SVG picture: time to the right, neurons upwards. */
  public String rasterSvg(int sample) {
    return SpikePictures.raster(spikes, Objects.checkIndex(sample, samples()));
  }

  /** {@link #histogram} as an SVG picture. */
  public String ratesSvg(int bins) {
    return SpikePictures.rates(spikes, atLeastOne(bins));
  }

  private static int atLeastOne(int bins) {
    if (bins < 1) {
      throw NacelleException.usage(bins + " bins", "choose at least one");
    }
    return bins;
  }
}
