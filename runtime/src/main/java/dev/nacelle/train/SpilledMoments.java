package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** One parameter's moments on storage: written once at places of their own, then over those. */
final class SpilledMoments {
  /** Tensors lie at multiples of this in a buffer that holds all of one parameter's. */
  private static final long ALIGNMENT = 64;

  private static final int CHUNK = 1 << 16;

  private final SpillFile file;
  private final int bits;
  private final List<Moments.Piece> pieces;
  private final List<Long> places = new ArrayList<>();

  /**
   * Writes moments that are in memory, and leaves them there.
   *
   * @throws NacelleException of kind ENVIRONMENT where there is no room; the file is as before
   */
  SpilledMoments(SpillFile file, Parameter parameter, Moments moments) {
    this.file = file;
    this.bits = moments.bits();
    this.pieces = Moments.pieces(parameter, bits);
    try {
      for (Tensor tensor : moments.tensors()) {
        places.add(file.write(tensor.storage().buffer(), tensor.byteSize()));
      }
    } catch (RuntimeException e) {
      drop();
      throw e;
    }
  }

  int bits() {
    return bits;
  }

  /** Bytes of a buffer that holds them all. */
  long bytes() {
    return offset(pieces.size());
  }

  private long offset(int piece) {
    long offset = 0;
    for (int i = 0; i < piece; i++) {
      offset += (pieces.get(i).bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return offset;
  }

  /** Reads them into a buffer: what the kernels take, good until the buffer is used again. */
  List<Operand> read(NativeBuffer buffer) {
    List<Operand> operands = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Moments.Piece piece = pieces.get(i);
      NativeBuffer part = buffer.slice(offset(i), piece.bytes());
      file.read(places.get(i), part, piece.bytes());
      operands.add(Operand.of(part, piece.dtype(), piece.shape()));
    }
    return operands;
  }

  /** Writes back what {@link #read} gave and a step has changed. */
  void write(List<Operand> changed) {
    for (int i = 0; i < pieces.size(); i++) {
      file.rewrite(places.get(i), changed.get(i).buffer(), pieces.get(i).bytes());
    }
  }

  /** The same in memory; what is on storage stays until {@link #drop}. */
  Moments home(Allocator allocator, Parameter parameter) {
    Moments home = Moments.fresh(allocator, parameter, bits);
    try {
      for (int i = 0; i < pieces.size(); i++) {
        file.read(places.get(i), home.tensors().get(i).storage().buffer(), pieces.get(i).bytes());
      }
    } catch (RuntimeException e) {
      home.release();
      throw e;
    }
    return home;
  }

  /** Under the parameter's name, to be written; read from storage when their turn comes. */
  List<NamedTensor> named(Parameter parameter) {
    List<NamedTensor> named = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Moments.Piece piece = pieces.get(i);
      long from = places.get(i);
      named.add(
          new NamedTensor(
              parameter.name() + piece.suffix(),
              piece.dtype(),
              piece.shape(),
              sink -> {
                ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
                for (long done = 0; done < piece.bytes(); done += CHUNK) {
                  chunk.clear().limit((int) Math.min(CHUNK, piece.bytes() - done));
                  file.read(from + done, chunk);
                  sink.accept(chunk.flip());
                }
              }));
    }
    return named;
  }

  /** Frees their place on storage. */
  void drop() {
    places.forEach(file::drop);
    places.clear();
  }
}
