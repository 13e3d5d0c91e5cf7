package dev.nacelle.tape;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Scope;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records the functions of one forward pass and walks them back. LibTorch's autograd decides by
 * itself what it saves; here each function says what it needs and the tape decides how it is kept.
 *
 * <p>Outputs belong to the innermost frame and go when it closes, unless somebody saved them or
 * {@link Frame#result} moves them outwards. One thread, one use: forward, backward, close.
 */
public final class Tape implements AutoCloseable {
  private final KernelSet kernels;
  private final Allocator allocator;
  private final boolean recording;
  private final Deque<Scope> scopes = new ArrayDeque<>();
  private final List<Node> nodes = new ArrayList<>();
  private final IdentityHashMap<Tensor, Node> makers = new IdentityHashMap<>();
  private final Set<Tensor> wanting = Collections.newSetFromMap(new IdentityHashMap<>());
  private final IdentityHashMap<Tensor, Tensor> gradients = new IdentityHashMap<>();

  private Tape(KernelSet kernels, Allocator allocator, boolean recording) {
    this.kernels = kernels;
    this.allocator = allocator;
    this.recording = recording;
    scopes.push(new Scope());
  }

  /** A tape that records for {@link #backward}. */
  public static Tape recording(KernelSet kernels, Allocator allocator) {
    return new Tape(kernels, allocator, true);
  }

  /** A tape that only runs forward: nothing is saved. */
  public static Tape forwardOnly(KernelSet kernels, Allocator allocator) {
    return new Tape(kernels, allocator, false);
  }

  /** A stretch of the forward pass whose intermediate tensors go when it ends. */
  public final class Frame implements AutoCloseable {
    private final Scope scope;
    private final int firstNode = nodes.size();

    private Frame(Scope scope) {
      this.scope = scope;
    }

    /** Moves a tensor of this frame to the frame around it. */
    public Tensor result(Tensor tensor) {
      Scope outer = outerOf(scope);
      return outer.own(scope.disown(tensor));
    }

    @Override
    public void close() {
      if (scopes.pop() != scope) {
        throw new IllegalStateException("frames must close in the reverse order of their opening");
      }
      scope.close();
      // Backwards: a reader that is forgotten lets go of the recipe that it would have read.
      for (int i = nodes.size() - 1; i >= firstNode; i--) {
        forgetUnless(nodes.get(i));
      }
    }

    /** Below the first adapter nobody walks back, and nobody reads what could be made again. */
    private void forgetUnless(Node node) {
      if (!wanting.contains(node.output()) && !node.isRead()) {
        node.context.releaseSaved();
      }
    }
  }

  /** Opens a frame inside the current one. */
  public Frame frame() {
    Scope scope = new Scope();
    scopes.push(scope);
    return new Frame(scope);
  }

  private Scope outerOf(Scope scope) {
    var iterator = scopes.iterator();
    while (iterator.hasNext()) {
      if (iterator.next() == scope) {
        return iterator.next();
      }
    }
    throw new IllegalStateException("frame is closed");
  }

  public KernelSet kernels() {
    return kernels;
  }

  public Allocator allocator() {
    return allocator;
  }

  public boolean isRecording() {
    return recording;
  }

  /** Makes a tensor that no function made (ids, embeddings) the current frame's. */
  public Tensor own(Tensor tensor) {
    return scopes.element().own(tensor);
  }

  /** Lets go of a tensor of the current frame before the frame ends; who saved it keeps it. */
  public void discard(Tensor tensor) {
    scopes.element().disown(tensor).release();
  }

  /** Marks a tensor as leading to something trainable. */
  public void watch(Tensor tensor) {
    if (recording) {
      wanting.add(tensor);
    }
  }

  /** Applies a function whose output wants a gradient where one of its inputs does. */
  public Tensor apply(Function function, Tensor... inputs) {
    return apply(function, false, inputs);
  }

  /**
   * Applies a function and records it.
   *
   * @param trains whether the function holds parameters of its own that train
   */
  public Tensor apply(Function function, boolean trains, Tensor... inputs) {
    Context context = new Context(this);
    boolean wants = trains;
    for (Tensor input : inputs) {
      wants |= wanting.contains(input);
    }
    Tensor output;
    try {
      output = function.forward(context, inputs);
    } catch (RuntimeException | Error e) {
      context.abandon();
      context.releaseSaved();
      throw e;
    } finally {
      context.releaseScratch();
    }
    context.finished();
    own(output);
    if (recording) {
      Node node = new Node(function, context, inputs.clone(), output);
      if (wants) {
        wanting.add(output);
      }
      nodes.add(node);
      makers.put(output, node);
    }
    return output;
  }

  /** Walks back from {@code root}, whose own gradient is one in every element. */
  public void backward(Tensor root) {
    if (!recording) {
      throw new IllegalStateException("this tape does not record");
    }
    Tensor ones = allocator.allocate(LedgerClass.ACTIVATIONS, root.dtype(), root.shape());
    float[] values = new float[Math.toIntExact(root.elements())];
    java.util.Arrays.fill(values, 1f);
    gradients.put(root, ones);
    ones.fill(values);
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      nodes.remove(i);
      Tensor output = node.output();
      Tensor gradient = gradients.remove(output);
      try {
        if (gradient != null && wanting.contains(output)) {
          node.function.backward(node.context, gradient, new Collector(node.inputs));
        }
      } finally {
        node.context.releaseScratch();
        node.context.releaseSaved();
        if (gradient != null) {
          gradient.release();
        }
      }
    }
  }

  boolean wants(Tensor tensor) {
    return wanting.contains(tensor);
  }

  @Nullable Node maker(Tensor tensor) {
    return makers.get(tensor);
  }

  /** Gives back everything the pass still holds. */
  @Override
  public void close() {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      nodes.get(i).context.releaseScratch();
      nodes.get(i).context.releaseSaved();
    }
    nodes.clear();
    makers.clear();
    wanting.clear();
    gradients.values().forEach(Tensor::release);
    gradients.clear();
    while (!scopes.isEmpty()) {
      scopes.pop().close();
    }
  }

  private final class Collector implements Gradients {
    private final Tensor[] inputs;

    Collector(Tensor[] inputs) {
      this.inputs = inputs;
    }

    @Override
    public boolean wants(int input) {
      return wanting.contains(inputs[input]);
    }

    @Override
    public Slot slot(int index) {
      Tensor input = inputs[index];
      Tensor existing = gradients.get(input);
      if (existing == null) {
        Tensor fresh = gradientLike(input);
        gradients.put(input, fresh);
        return new Slot(fresh, true);
      }
      if (existing.storage().isShared()) {
        // Somebody else still reads this memory: a residual hands one gradient to both its sides.
        Tensor own = gradientLike(existing);
        kernels.elementwise().convert(own.operand(), existing.operand());
        existing.release();
        gradients.put(input, own);
        return new Slot(own, false);
      }
      return new Slot(existing, false);
    }

    @Override
    public Slot slot(Parameter parameter) {
      Tensor existing = parameter.gradient();
      if (existing != null) {
        return new Slot(existing, false);
      }
      Tensor value = parameter.value();
      Tensor fresh = allocator.allocate(LedgerClass.GRADIENTS, value.dtype(), value.shape());
      parameter.gradient(fresh);
      return new Slot(fresh, true);
    }

    @Override
    public void give(int index, Tensor gradient) {
      Tensor input = inputs[index];
      if (!gradients.containsKey(input)) {
        // Bits have the gradient of the spikes that they stand for: floats, 32 to a word.
        boolean bits = input.dtype() == DType.I32;
        gradients.put(input, bits ? gradient.alias() : gradient.reshape(input.shape()));
        return;
      }
      Slot slot = slot(index);
      kernels
          .elementwise()
          .add(slot.gradient().operand(), gradient.operand(slot.gradient().shape()), 1f);
    }

    private Tensor gradientLike(Tensor like) {
      return allocator.allocate(LedgerClass.ACTIVATIONS, like.dtype(), like.shape());
    }
  }
}
