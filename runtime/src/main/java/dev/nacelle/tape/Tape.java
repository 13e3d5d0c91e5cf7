package dev.nacelle.tape;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Scope;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
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
  private final GradientTable gradients;

  /** Forward passes of segments under way: what they do is recorded only in backward. */
  private int unrecorded;

  private Consumer<Parameter> added = parameter -> {};

  private final Shelf shelf;

  /** What a segment saves when it runs again is read at once. */
  private final Shelf open = new Shelf(Keeping.WHOLE);

  private int runningAgain;

  private Tape(KernelSet kernels, Allocator allocator, boolean recording, Keeping keeping) {
    this.kernels = kernels;
    this.allocator = allocator;
    this.recording = recording;
    this.shelf = new Shelf(keeping);
    this.gradients = new GradientTable(kernels, allocator);
    scopes.push(new Scope());
  }

  /** A tape that records for {@link #backward}. */
  public static Tape recording(KernelSet kernels, Allocator allocator) {
    return recording(kernels, allocator, Keeping.WHOLE);
  }

  /** A tape that records, and keeps what is saved in a way of its own. */
  public static Tape recording(KernelSet kernels, Allocator allocator, Keeping keeping) {
    return new Tape(kernels, allocator, true, keeping);
  }

  /** A tape that only runs forward: nothing is saved. */
  public static Tape forwardOnly(KernelSet kernels, Allocator allocator) {
    return new Tape(kernels, allocator, false, Keeping.WHOLE);
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

  /** Whether what is applied now is recorded. */
  public boolean isRecording() {
    return recording && unrecorded == 0;
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
    if (recording && wants) {
      wanting.add(output);
    }
    if (isRecording()) {
      record(new Node(function, context, inputs.clone(), output));
    }
    return output;
  }

  private void record(Node node) {
    nodes.add(node);
    makers.put(node.output(), node);
  }

  /**
   * Applies a stretch of functions of which backward has the input alone and runs the rest again:
   * less memory for one more forward pass. The stretch must come to the same bits each time it is
   * run on the same input, and nothing in it may write over its input.
   */
  public Tensor segment(Tensor input, UnaryOperator<Tensor> stretch) {
    Tensor output;
    unrecorded++;
    try (Frame frame = frame()) {
      output = frame.result(stretch.apply(input));
    } finally {
      unrecorded--;
    }
    if (isRecording()) {
      Context context = new Context(this);
      if (wanting.contains(output)) {
        context.save(input);
      }
      record(new Node(new Segment(stretch), context, new Tensor[] {input}, output));
    }
    return output;
  }

  /** Walks back from {@code root}, whose own gradient is one in every element. */
  public void backward(Tensor root) {
    backward(root, parameter -> {});
  }

  /**
   * The same, telling of each parameter right after a function added to its gradient: where no
   * other function of the tape has the parameter, its gradient is whole by then.
   */
  public void backward(Tensor root, Consumer<Parameter> added) {
    this.added = added;
    if (!recording) {
      throw new IllegalStateException("this tape does not record");
    }
    Tensor ones = allocator.allocate(LedgerClass.ACTIVATIONS, root.dtype(), root.shape());
    float[] values = new float[Math.toIntExact(root.elements())];
    Arrays.fill(values, 1f);
    gradients.put(root, ones);
    ones.fill(values);
    walk(0);
  }

  /** Takes back all nodes from the last to number {@code first}. */
  private void walk(int first) {
    for (int i = nodes.size() - 1; i >= first; i--) {
      Node node = nodes.remove(i);
      try {
        if (wanting.contains(node.output()) && gradients.has(node.output())) {
          back(node);
        }
      } finally {
        node.context.releaseScratch();
        node.context.releaseSaved();
      }
    }
  }

  private void back(Node node) {
    if (node.function instanceof Segment segment) {
      runAgain(node, segment);
      return;
    }
    Tensor gradient = Objects.requireNonNull(gradients.take(node.output()));
    try {
      node.function.backward(node.context, gradient, gradients.of(node.inputs, wanting::contains));
    } finally {
      gradient.release();
    }
    gradients.takeTouched().forEach(added);
  }

  private void runAgain(Node node, Segment segment) {
    int first = nodes.size();
    Tensor input;
    Tensor output;
    runningAgain++;
    Frame frame = frame();
    try (frame) {
      input = own(node.context.saved(0).alias());
      node.context.releaseSaved();
      if (wanting.contains(node.inputs[0])) {
        wanting.add(input);
      }
      output = segment.stretch().apply(input);
    } finally {
      runningAgain--;
    }
    gradients.put(output, Objects.requireNonNull(gradients.take(node.output())));
    walk(first);
    Tensor found = gradients.take(input);
    if (found != null) {
      try {
        gradients.of(node.inputs, wanting::contains).give(0, found);
      } finally {
        found.release();
      }
    }
  }

  Shelf shelf() {
    return runningAgain > 0 ? open : shelf;
  }

  /** Whether who saves this tensor keeps no memory: its maker makes it again in backward. */
  public boolean makesAgain(Tensor tensor) {
    Node maker = makers.get(tensor);
    return maker != null && maker.function.isRecomputable();
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
    gradients.close();
    while (!scopes.isEmpty()) {
      scopes.pop().close();
    }
  }
}
