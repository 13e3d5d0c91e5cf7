package dev.nacelle.memory.technique;

/** The kinds of network that we train. */
public enum Network {
  TRANSFORMER("transformer"),
  CONVOLUTIONAL("convolutional"),
  SPIKING("spiking");

  private final String label;

  Network(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
