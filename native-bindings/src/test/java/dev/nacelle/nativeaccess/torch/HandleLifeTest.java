package dev.nacelle.nativeaccess.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.torch.HandleException.Kind;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What happens to those who use a handle against its life. */
class HandleLifeTest {
  private final TorchBackend torch = TorchBackend.load();
  private final TorchCreation make = torch.creation();
  private final long before = Handles.live();

  @AfterEach
  void nothingIsLeft() {
    Handles.trace(false);
    assertEquals(before, Handles.live());
  }

  private static HandleException fails(Kind kind, Executable act) {
    HandleException e = assertThrows(HandleException.class, act);
    assertEquals(kind, e.kind(), e.getMessage());
    return e;
  }

  @Test
  void useAfterCloseAndDoubleCloseAreNamed() {
    TorchTensor t = make.of(new float[] {1, 2}, 2);
    assertEquals(before + 1, Handles.live());
    t.close();
    assertTrue(t.isClosed());
    fails(Kind.USE_AFTER_CLOSE, t::shape);
    fails(Kind.USE_AFTER_CLOSE, () -> torch.arithmetic().add(t, t, 1));
    fails(Kind.USE_AFTER_CLOSE, () -> torch.activation().silu(t));
    assertEquals("tensor closed twice", fails(Kind.DOUBLE_CLOSE, t::close).getMessage());
    assertEquals("TorchTensor closed tensor", t.toString());
  }

  @Test
  void aCallThatCannotBeMadeGivesBackWhatItHadTaken() {
    TorchTensor closed = make.of(new float[] {1}, 1);
    closed.close();
    try (TorchTensor open = make.of(new float[] {1}, 1)) {
      fails(Kind.USE_AFTER_CLOSE, () -> torch.linearAlgebra().linear(open, open, closed));
      fails(Kind.USE_AFTER_CLOSE, () -> TorchList.ofTensors(List.of(open, closed)));
      fails(
          Kind.USE_AFTER_CLOSE,
          () -> TorchOperator.of("aten::cat", "").begin().tensors(List.of(open, closed)));
      // What a failed push left behind must not be taken for a tensor by the next call.
      TorchOperator softmax = TorchOperator.of("aten::_softmax", "");
      fails(Kind.USE_AFTER_CLOSE, () -> softmax.begin().tensor(open).tensor(closed));
      softmax.begin().tensor(open).int64(12345);
      try (TorchTensor y = softmax.begin().tensor(open).int64(0).bool(false).invoke(1).result(0)) {
        assertArrayEquals(new float[] {1}, y.toFloats());
      }
      TorchOperator.Call full = softmax.begin();
      for (int i = 0; i < 32; i++) {
        full.int64(i);
      }
      assertThrows(IllegalStateException.class, () -> full.int64(0));
      softmax.begin();
    }
  }

  @Test
  void aScopeClosesWhatItOwnsAndSaysSo() {
    TorchTensor kept;
    TorchTensor lost;
    try (TorchScope scope = TorchScope.openStrict("step 3")) {
      lost = scope.own(make.of(new float[] {1}, 1));
      kept = scope.release(scope.own(make.of(new float[] {2}, 1)));
      TorchTensor early = scope.own(make.of(new float[] {3}, 1));
      early.close();
      assertEquals(1, scope.size());
    }
    assertArrayEquals(new float[] {2}, kept.toFloats());
    kept.close();
    String message = fails(Kind.USE_AFTER_CLOSE, lost::elements).getMessage();
    assertTrue(String.valueOf(message).contains("scope 'step 3'"), message);
  }

  @Test
  void handlesDoNotCrossScopes() {
    TorchScope outer = TorchScope.open("outer");
    TorchTensor t = outer.own(make.of(new float[] {1}, 1));
    TorchScope inner = TorchScope.open("inner");
    fails(Kind.LEAK, () -> inner.own(t));
    fails(Kind.LEAK, () -> inner.release(t));
    fails(Kind.LEAK, outer::close);
    inner.close();
    outer.close();
    fails(Kind.DOUBLE_CLOSE, outer::close);
    fails(Kind.USE_AFTER_CLOSE, () -> outer.own(t));
  }

  @Test
  void aStrictScopeFindsLeaksAndTraceShowsTheirSite() {
    Handles.trace(true);
    TorchScope scope = TorchScope.openStrict("leaky");
    TorchTensor leaked = make.of(new float[] {1}, 1);
    HandleException e = fails(Kind.LEAK, scope::close);
    assertTrue(
        String.valueOf(e.getMessage()).startsWith("1 native handles made during scope 'leaky'"));
    Throwable site = present(e.getCause());
    assertTrue(
        List.of(site.getStackTrace()).stream()
            .anyMatch(f -> f.getClassName().equals(HandleLifeTest.class.getName())));
    leaked.close();
    present(fails(Kind.DOUBLE_CLOSE, leaked::close).getCause());
    assertEquals(List.of(), Handles.sites());
  }

  private static <T> T present(@Nullable T value) {
    assertNotNull(value);
    return value;
  }

  @Test
  void aScopeBelongsToItsThread() throws InterruptedException {
    try (TorchScope scope = TorchScope.open("main's")) {
      TorchTensor t = make.of(new float[] {1}, 1);
      AtomicReference<Throwable> thrown = new AtomicReference<>(new AssertionError("none"));
      Thread other =
          new Thread(
              () -> {
                try {
                  scope.own(t);
                } catch (HandleException e) {
                  thrown.set(e);
                }
              });
      other.start();
      other.join();
      t.close();
      fails(
          Kind.WRONG_THREAD,
          () -> {
            throw thrown.get();
          });
    }
  }

  @Test
  void aTensorOverABufferEndsWithIt() {
    NativeBuffer memory = NativeBuffer.allocate(24);
    for (int i = 0; i < 6; i++) {
      memory.setFloat(i, i);
    }
    try (TorchTensor t =
        make.fromBlob(memory, 4, DType.FP32, new long[] {2, 2}, new long[] {3, 1})) {
      try (TorchTensor dense = make.copyOf(t)) {
        make.copy(dense, t);
        assertArrayEquals(new float[] {1, 2, 4, 5}, strided(t));
      }
      assertEquals(memory.address() + 4, t.address());
      assertArrayEquals(new long[] {3, 1}, t.strides());
      assertThrows(
          IllegalArgumentException.class,
          () -> make.fromBlob(memory, 8, DType.FP32, new long[] {2, 2}, new long[] {3, 1}));
      assertThrows(IllegalArgumentException.class, () -> make.fromBlob(memory, DType.FP32, 7));
      memory.close();
      HandleException e = fails(Kind.USE_AFTER_CLOSE, t::elements);
      assertTrue(String.valueOf(e.getMessage()).contains("buffer"), e.getMessage());
    }
  }

  private float[] strided(TorchTensor t) {
    try (TorchTensor dense = make.empty(DType.FP32, t.shape())) {
      make.copy(dense, t);
      return dense.toFloats();
    }
  }

  @Test
  void stringsListsAndOptionalsAreOwnedToo() {
    try (TorchTensor t = make.of(new float[] {1}, 1);
        TorchString s = TorchString.of("Grüße");
        TorchList longs = TorchList.ofLongs(3, 5);
        TorchList tensors = TorchList.ofTensors(List.of(t, t));
        TorchOptional optional = TorchOptional.of(t);
        TorchOptional list = TorchOptional.ofLongs(1, 2)) {
      assertEquals(before + 6, Handles.live());
      assertEquals("Grüße", s.text());
      assertEquals(2, tensors.size());
      assertEquals(5, longs.item(1));
      assertEquals(false, optional.isClosed() || list.isClosed());
    }
  }

  @Test
  void errorsHaveOperatorShapesAndReason() {
    try (TorchTensor x = make.of(new float[6], 2, 3);
        TorchTensor out = make.empty(DType.FP32, 2, 2)) {
      TorchException direct =
          assertThrows(TorchException.class, () -> torch.linearAlgebra().mm(out, x, x));
      assertEquals(
          "aten::mm.out(fp32[2, 2], fp32[2, 3], fp32[2, 3]) failed: mat1 and mat2 shapes cannot be"
              + " multiplied (2x3 and 2x3)",
          direct.getMessage());
      TorchException dispatched =
          assertThrows(TorchException.class, () -> torch.activation().softmax(x, 7));
      assertTrue(
          String.valueOf(dispatched.getMessage())
              .startsWith("aten::_softmax(fp32[2, 3]) failed: "));
      TorchException unknown =
          assertThrows(
              TorchException.class,
              () -> TorchOperator.of("aten::no_such_thing", "").begin().int64(1).invoke(1));
      assertTrue(
          String.valueOf(unknown.getMessage()).contains("aten::no_such_thing"),
          unknown.getMessage());
    }
  }
}
