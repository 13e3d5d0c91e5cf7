package dev.nacelle.kernels;

/**
 * Spikes as bits: neuron n of a row lies in word n/32, lowest bit first, unused bits 0. Whatever is
 * not 0 is a spike.
 */
public interface SpikePack {
  /**
   * @param bits (…, ⌈N/32⌉) I32, written
   * @param spikes (…, N) fp32, bf16 or fp16
   */
  void pack(Operand bits, Operand spikes);

  /**
   * @param spikes (…, N) fp32, bf16 or fp16, written: 0 and 1
   * @param bits (…, ⌈N/32⌉) I32
   */
  void unpack(Operand spikes, Operand bits);
}
