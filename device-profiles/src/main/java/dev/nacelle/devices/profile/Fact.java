package dev.nacelle.devices.profile;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a profile may say: the schema. The name of a key in the file is the constant's. */
public enum Fact {
  MEMORY_BYTES(Type.BYTES, "memory on the module or board"),
  VISIBLE_BYTES(Type.BYTES, "what the system or the driver shows of it"),
  SYSTEM_BYTES(Type.BYTES, "what the system holds before any process of ours starts"),
  RESERVE_BYTES(
      Type.BYTES, "what a budget leaves to everybody else; absent: 256 MiB or 5 % of the memory"),
  UNIFIED(Type.FLAG, "processor and graphics share the memory: moving to the host frees nothing"),
  PINNED_MEMORY_CACHED(Type.FLAG, "the processor caches pinned memory"),
  MEMORY_TYPE(Type.TEXT, "kind of memory"),
  BUS_BITS(Type.NUMBER, "width of the memory bus"),
  MEMORY_HZ(Type.NUMBER, "memory clock as its page counts it"),
  TRANSFERS_PER_SECOND(Type.NUMBER, "bits a pin and second"),
  BANDWIDTH(Type.NUMBER, "bytes a second between memory and chip"),
  GPU(Type.TEXT, "the chip that computes"),
  COMPUTE_CAPABILITY(Type.TEXT, "NVIDIA's, major.minor"),
  SM_COUNT(Type.NUMBER, "multiprocessors"),
  CUDA_CORES(Type.NUMBER, "over all multiprocessors"),
  TENSOR_CORES(Type.NUMBER, "over all multiprocessors"),
  GPU_HZ(Type.NUMBER, "highest clock of the graphics"),
  FP16_FLOPS_PER_SM_CLOCK(Type.NUMBER, "dense, a multiprocessor and clock"),
  FP16_FLOPS(Type.NUMBER, "dense, accumulated in fp32 where there are tensor cores, a second"),
  POWER_WATTS(Type.NUMBER, "board or module at its most"),
  CPU(Type.TEXT, "kind of processor core"),
  CPU_CORES(Type.NUMBER, "processor cores"),
  CPU_HZ(Type.NUMBER, "highest clock of the processor"),
  EMC_HZ(Type.NUMBER, "cap of the memory controller's clock, two bits a pin and tick"),
  JETPACKS(Type.TEXTS, "NVIDIA's software releases for it"),
  CUDA_VERSIONS(Type.TEXTS, "toolkits that come with them"),
  CUDA_NEWEST(Type.TEXT, "the last toolkit that compiles for it: that one's NVRTC, or the CPU"),
  STORAGE(Type.TEXTS, "what it boots from or spills to: emmc, sd, nvme");

  /** How a value is written. */
  public enum Type {
    /** A whole number of bytes, or one with KiB, MiB or GiB behind it. */
    BYTES,
    /** A whole number above 0. */
    NUMBER,
    /** {@code true} or {@code false}. */
    FLAG,
    /** A word or a line. */
    TEXT,
    /** A list of them. */
    TEXTS
  }

  private final Type type;
  private final String meaning;

  Fact(Type type, String meaning) {
    this.type = type;
    this.meaning = meaning;
  }

  public Type type() {
    return type;
  }

  /** One line for a person. */
  public String meaning() {
    return meaning;
  }

  /** The key in a file and in JSON. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The fact of a key. */
  public static Optional<Fact> of(String key) {
    return Arrays.stream(values()).filter(f -> f.key().equals(key)).findFirst();
  }
}
