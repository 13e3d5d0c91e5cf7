package dev.nacelle.text.template;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names that live in one scope and what each holds when the scope is entered. Jinja decides
 * this before it runs anything, so that a name which is only assigned later in a scope is undefined
 * before, and an assignment inside of a loop never reaches outwards.
 */
final class Scope {
  /** Where a name's first value in a scope comes from. */
  enum Load {
    /** Given by whoever enters. */
    PARAMETER,
    /** From what the template was called with. */
    CONTEXT,
    /** A copy of the outer scope's value. */
    OUTER,
    /** Nowhere: undefined until assigned. */
    NOTHING
  }

  private final @Nullable Scope parent;
  private final Map<String, Load> names = new LinkedHashMap<>();
  private final Set<String> stores = new HashSet<>();

  Scope(@Nullable Scope parent) {
    this.parent = parent;
  }

  @Nullable Scope parent() {
    return parent;
  }

  Map<String, Load> names() {
    return names;
  }

  private boolean finds(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      if (scope.names.containsKey(name)) {
        return true;
      }
    }
    return false;
  }

  private boolean outerFinds(String name) {
    return parent != null && parent.finds(name);
  }

  void parameter(String name) {
    stores.add(name);
    names.put(name, Load.PARAMETER);
  }

  void load(String name) {
    if (!finds(name)) {
      names.put(name, Load.CONTEXT);
    }
  }

  void store(String name) {
    stores.add(name);
    if (!names.containsKey(name)) {
      names.put(name, outerFinds(name) ? Load.OUTER : Load.NOTHING);
    }
  }

  /** A copy that one branch of an if can change. */
  Scope branch() {
    Scope copy = new Scope(parent);
    copy.names.putAll(names);
    copy.stores.addAll(stores);
    return copy;
  }

  /** Takes in the branches of an if: what only some of them assign keeps its value from outside. */
  void join(Collection<Scope> branches) {
    Set<String> assigned = new HashSet<>();
    branches.forEach(branch -> assigned.addAll(branch.stores));
    assigned.removeAll(stores);
    for (Scope branch : branches) {
      names.putAll(branch.names);
      stores.addAll(branch.stores);
    }
    for (String name : assigned) {
      names.put(name, outerFinds(name) ? Load.OUTER : Load.CONTEXT);
    }
  }
}
