package dev.nacelle.tape;

import dev.nacelle.tensor.Storage;
import dev.nacelle.tensor.Tensor;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/** What a tape has put by; memory that several functions save lies here once. */
final class Shelf {
  private final Keeping keeping;
  private final IdentityHashMap<Storage, Shared> shared = new IdentityHashMap<>();

  Shelf(Keeping keeping) {
    this.keeping = keeping;
  }

  /** One deposit and how many saved tensors stand for it. */
  private final class Shared {
    private final Storage of;
    private final Keeping.Deposit deposit;
    private int holders;

    Shared(Storage of, Keeping.Deposit deposit) {
      this.of = of;
      this.deposit = deposit;
    }

    void drop() {
      holders--;
      if (holders == 0) {
        shared.remove(of);
        deposit.drop();
      }
    }
  }

  SavedTensor keep(Tensor tensor) {
    Shared known = shared.get(tensor.storage());
    if (known == null) {
      Keeping.Deposit deposit = keeping.put(tensor);
      if (deposit == null) {
        return new SavedTensor.Kept(tensor.alias());
      }
      known = new Shared(tensor.storage(), deposit);
      shared.put(tensor.storage(), known);
    }
    known.holders++;
    return new Stored(known, tensor.shape());
  }

  /** One function's hold on a deposit; fetched at most once. */
  private static final class Stored implements SavedTensor.PutBy {
    private final Shared source;
    private final long[] shape;
    private @Nullable Tensor fetched;

    Stored(Shared source, long[] shape) {
      this.source = source;
      this.shape = shape;
    }

    @Override
    public Tensor fetch() {
      if (fetched == null) {
        Tensor all = source.deposit.fetch();
        try {
          fetched = all.reshape(shape);
        } finally {
          all.release();
        }
      }
      return fetched;
    }

    @Override
    public boolean isUnshared() {
      return fetched != null && !fetched.storage().isShared();
    }

    @Override
    public void drop() {
      if (fetched != null) {
        fetched.release();
        fetched = null;
      }
      source.drop();
    }
  }
}
