package dev.nacelle.adapter;

import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import java.util.ArrayList;
import java.util.List;

/** Makes an adapter's parameters, and can give back all that it has made. */
final class ParameterMaker {
  private final Engine engine;
  private final List<Parameter> made = new ArrayList<>();

  ParameterMaker(Engine engine) {
    this.engine = engine;
  }

  /**
   * One parameter, named as in the file.
   *
   * @param values row by row; empty to leave them as they are
   */
  Parameter make(String modulePath, Part part, float[] values) {
    Parameter parameter =
        new Parameter(
            PeftAdapter.PREFIX + modulePath + part.suffix(),
            engine.allocator().of(LedgerClass.PARAMETERS, values, part.shape()));
    made.add(parameter);
    return parameter;
  }

  /** One that all modules share, under its own name alone. */
  Parameter shared(Part part, float[] values) {
    Parameter parameter =
        new Parameter(
            part.suffix(), engine.allocator().of(LedgerClass.PARAMETERS, values, part.shape()));
    made.add(parameter);
    return parameter;
  }

  /** Of an adapter that could not be made whole. */
  void releaseAll() {
    made.forEach(p -> p.value().release());
  }
}
