package dev.nacelle.tape;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What a function sees of the tape: kernels, memory, and the tensors it saves for backward. */
public final class Context {
  private final Tape tape;
  private final List<SavedTensor> saved = new ArrayList<>(6);
  private final List<Tensor> scratch = new ArrayList<>(2);
  private final List<Tensor> unfinished = new ArrayList<>(3);

  Context(Tape tape) {
    this.tape = tape;
  }

  public KernelSet kernels() {
    return tape.kernels();
  }

  /** Whether this is a walk without kernels, in which tensors hold nothing. */
  public boolean isRehearsal() {
    return tape.allocator().isRehearsal();
  }

  /** Whether a backward pass will come: otherwise gradients need no preparation. */
  public boolean isRecording() {
    return tape.isRecording();
  }

  /** Whether anything trainable lies behind this tensor. */
  public boolean wantsGradient(Tensor tensor) {
    return tape.wants(tensor);
  }

  /** A tensor for the function's output, with one reference that the tape takes over. */
  public Tensor output(DType dtype, long... shape) {
    Tensor t = tape.allocator().allocate(LedgerClass.ACTIVATIONS, dtype, shape);
    unfinished.add(t);
    return t;
  }

  /**
   * The same for the gradient of a parameter that forward finds, booked as one: for {@link
   * Gradients#give(Parameter, Tensor)} in backward.
   */
  public Tensor gradient(Parameter parameter) {
    Tensor value = parameter.value();
    Tensor t = tape.allocator().allocate(LedgerClass.GRADIENTS, value.dtype(), value.shape());
    unfinished.add(t);
    return t;
  }

  /** Memory until the running forward or backward returns. */
  public Tensor scratch(DType dtype, long... shape) {
    Tensor t = tape.allocator().allocate(LedgerClass.WORKSPACE, dtype, shape);
    scratch.add(t);
    return t;
  }

  /**
   * Remembers a tensor until this function's backward is done: its memory, in whatever form the
   * tape keeps it, or where its maker can make it again, only the recipe. Does nothing where nobody
   * records.
   */
  public void save(Tensor tensor) {
    if (!tape.isRecording()) {
      return;
    }
    Node maker = tape.maker(tensor);
    if (maker != null && maker.function.isRecomputable()) {
      maker.addReader();
      saved.add(new SavedTensor.Recomputed(maker));
    } else {
      saved.add(tape.shelf().keep(tensor));
    }
  }

  /** Remembers a tensor as it is: a small one, or one that must not be rounded. */
  public void saveExact(Tensor tensor) {
    if (tape.isRecording()) {
      saved.add(new SavedTensor.Kept(tensor.alias()));
    }
  }

  /** The n-th saved tensor, to be read until backward returns. */
  public Tensor saved(int n) {
    return switch (saved.get(n)) {
      case SavedTensor.Kept kept -> kept.tensor();
      case SavedTensor.PutBy other -> other.fetch();
      case SavedTensor.Recomputed recipe -> recipe.source().recompute();
    };
  }

  /**
   * Whether backward may write over the n-th saved tensor: nobody else holds its memory, and no
   * other function reads it once it was made again.
   */
  public boolean mayOverwrite(int n) {
    return switch (saved.get(n)) {
      case SavedTensor.Kept kept -> !kept.tensor().storage().isShared();
      case SavedTensor.PutBy other -> other.isUnshared();
      case SavedTensor.Recomputed recipe -> recipe.source().isReadOnce();
    };
  }

  /** The function returned: its outputs are no longer this context's to give back. */
  void finished() {
    unfinished.clear();
  }

  /** The function threw: what it had made so far belongs to nobody. */
  void abandon() {
    unfinished.forEach(Tensor::release);
    unfinished.clear();
  }

  void releaseScratch() {
    for (int i = scratch.size() - 1; i >= 0; i--) {
      scratch.get(i).release();
    }
    scratch.clear();
  }

  void releaseSaved() {
    for (SavedTensor s : saved) {
      switch (s) {
        case SavedTensor.Kept kept -> kept.tensor().release();
        case SavedTensor.PutBy other -> other.drop();
        case SavedTensor.Recomputed recipe -> recipe.source().dropReader();
      }
    }
    saved.clear();
  }
}
