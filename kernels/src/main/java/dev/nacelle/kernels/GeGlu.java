package dev.nacelle.kernels;

/** Gated unit: y = gelu(gate) · up, elementwise, GELU in its tanh form. */
public interface GeGlu extends GatedUnit {}
