package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tape.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A parameter and its moments, which lie in memory or on storage. */
final class ParameterState {
  private final Allocator allocator;
  private final Parameter parameter;

  /** One of the two is there. */
  private @Nullable Moments home;

  private @Nullable SpilledMoments away;

  ParameterState(Allocator allocator, Parameter parameter) {
    this.allocator = allocator;
    this.parameter = parameter;
    this.home = Moments.fresh(allocator, parameter, 32);
  }

  Parameter parameter() {
    return parameter;
  }

  int bits() {
    SpilledMoments spilled = away;
    return spilled == null ? inMemory().bits() : spilled.bits();
  }

  private Moments inMemory() {
    Moments moments = home;
    if (moments == null) {
      throw new IllegalStateException(parameter.name() + "'s moments are on storage");
    }
    return moments;
  }

  boolean isAway() {
    return away != null;
  }

  /**
   * Bytes that a buffer must have to hold the moments during a step; 0 where they are in memory.
   */
  long stagingBytes() {
    return away == null ? 0 : away.bytes();
  }

  /** What the kernels take; moments on storage are read into {@code staging}. */
  List<Operand> operands(@Nullable NativeBuffer staging) {
    SpilledMoments spilled = away;
    if (spilled == null) {
      return inMemory().operands();
    }
    if (staging == null) {
      throw new IllegalStateException("no memory was taken to read moments into");
    }
    return spilled.read(staging);
  }

  /**
   * Writes moments back that a step has changed. Where storage takes them no more they stay in
   * memory, and nothing is lost.
   */
  void changed(List<Operand> operands) {
    SpilledMoments spilled = away;
    if (spilled == null) {
      return;
    }
    try {
      spilled.write(operands);
    } catch (NacelleException e) {
      Moments kept = Moments.fresh(allocator, parameter, spilled.bits());
      for (int i = 0; i < operands.size(); i++) {
        var to = kept.tensors().get(i);
        to.storage().buffer().copyFrom(0, operands.get(i).buffer(), 0, to.byteSize());
      }
      comesHome(kept);
    }
  }

  private void comesHome(Moments moments) {
    if (away != null) {
      away.drop();
      away = null;
    }
    if (home != null) {
      home.release();
    }
    home = moments;
  }

  /**
   * Puts the moments onto storage.
   *
   * @throws NacelleException of kind ENVIRONMENT where there is no room: they then stay in memory
   */
  void spill(SpillFile file) {
    if (away == null) {
      Moments moments = inMemory();
      away = new SpilledMoments(file, parameter, moments);
      moments.release();
      home = null;
    }
  }

  /** Brings the moments into memory. */
  void unspill() {
    SpilledMoments spilled = away;
    if (spilled != null) {
      comesHome(spilled.home(allocator, parameter));
    }
  }

  /** Holds the moments in so many bits, in memory where that changes them. */
  void useBits(int bits, long step) {
    if (bits() != bits) {
      unspill();
      comesHome(inMemory().inBits(allocator, parameter, bits, step));
    }
  }

  /** The moments under the parameter's name, to be written. */
  List<NamedTensor> named() {
    SpilledMoments spilled = away;
    return spilled == null ? inMemory().named(parameter) : spilled.named(parameter);
  }

  /** Reads back into memory what {@link #named} wrote. */
  void restore(SafetensorsFile file) {
    Moments fresh = Moments.fresh(allocator, parameter, Moments.bits(file, parameter));
    try {
      fresh.read(file, parameter);
    } catch (RuntimeException e) {
      fresh.release();
      throw e;
    }
    comesHome(fresh);
  }

  void release() {
    if (home != null) {
      home.release();
      home = null;
    }
    if (away != null) {
      away.drop();
      away = null;
    }
  }
}
