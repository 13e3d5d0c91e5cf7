package dev.nacelle;

/** What is trained beside each layer; {@code --adapter} of the command line. */
public enum AdapterType {
  LORA,
  /** LoRA scaled by alpha/√rank. */
  RSLORA,
  /** LoRA whose A stays as it began. */
  LORA_FA,
  /** LoRA of directions, with a trained length for each row. */
  DORA,
  /** Two vectors a layer around random matrices that all layers share. */
  VERA,
  /** HydraLoRA: one A, several Bs, and a router that weighs them for each token. */
  HYDRA
}
