package dev.nacelle.kernels;

/** Gated unit: y = gate · σ(gate) · up, elementwise. */
public interface SwiGlu extends GatedUnit {}
