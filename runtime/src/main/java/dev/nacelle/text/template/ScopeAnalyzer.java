package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** Walks a template once and finds the scope of each statement that opens one. */
final class ScopeAnalyzer {
  /** The scopes of a for loop. */
  record LoopScopes(Scope body, Scope test, Scope otherwise) {}

  /** Scopes by statement; equal statements at two places are two statements. */
  static final class Result {
    private final Scope root = new Scope(null);
    private final IdentityHashMap<Stmt, Scope> scopes = new IdentityHashMap<>();
    private final IdentityHashMap<Stmt, LoopScopes> loops = new IdentityHashMap<>();

    Scope root() {
      return root;
    }

    Scope scope(Stmt statement) {
      Scope scope = scopes.get(statement);
      if (scope == null) {
        throw new IllegalStateException("statement without a scope: " + statement.getClass());
      }
      return scope;
    }

    LoopScopes loop(Stmt.For statement) {
      LoopScopes found = loops.get(statement);
      if (found == null) {
        throw new IllegalStateException("loop without scopes");
      }
      return found;
    }
  }

  /** Names copied for branches; a real template copies some ten thousand. */
  private static final long MAX_COPIES = 2_000_000;

  private final Result result = new Result();
  private long copies;

  private ScopeAnalyzer() {}

  static Result analyze(List<Stmt> template) {
    ScopeAnalyzer analyzer = new ScopeAnalyzer();
    analyzer.body(template, analyzer.result.root);
    return analyzer.result;
  }

  /** Visits a scope's own statements first and the scopes inside them after, as Jinja does. */
  private void body(List<Stmt> statements, Scope scope) {
    Names names = new Names(scope);
    statements.forEach(names::visit);
    statements.forEach(statement -> inner(statement, scope));
  }

  private void inner(Stmt statement, Scope scope) {
    switch (statement) {
      case Stmt.For loop -> loop(loop, scope);
      case Stmt.If branches -> {
        branches.branches().forEach(b -> b.body().forEach(s -> inner(s, scope)));
        branches.otherwise().forEach(s -> inner(s, scope));
      }
      case Stmt.MacroDefinition macro -> function(macro, macro.signature(), macro.body(), scope);
      case Stmt.CallBlock call -> function(call, call.signature(), call.body(), scope);
      case Stmt.Generation generation ->
          function(generation, Stmt.Signature.NONE, generation.body(), scope);
      case Stmt.FilterBlock block -> {
        Scope own = open(block, scope);
        List<Stmt> body = new ArrayList<>(block.body());
        new Names(own).expression(block.filter());
        body(body, own);
      }
      case Stmt.SetBlock block -> body(block.body(), open(block, scope));
      case Stmt.With with -> {
        Scope own = open(with, scope);
        with.targets().forEach(target -> parameters(target, own));
        body(with.body(), own);
      }
      case Stmt.Output s -> {}
      case Stmt.SetValue s -> {}
      case Stmt.Break s -> {}
      case Stmt.Continue s -> {}
    }
  }

  private Scope open(Stmt statement, Scope parent) {
    Scope scope = new Scope(parent);
    result.scopes.put(statement, scope);
    return scope;
  }

  private void function(Stmt statement, Stmt.Signature signature, List<Stmt> body, Scope parent) {
    Scope scope = open(statement, parent);
    signature.names().forEach(scope::parameter);
    for (String special : List.of("caller", "varargs", "kwargs")) {
      if (!signature.names().contains(special) && UsedNames.uses(body, special)) {
        scope.parameter(special);
      }
    }
    signature.defaults().forEach(new Names(scope)::expression);
    body(body, scope);
  }

  private void loop(Stmt.For loop, Scope parent) {
    Scope body = new Scope(parent);
    body.parameter("loop");
    parameters(loop.target(), body);
    body(loop.body(), body);
    Scope test = new Scope(parent);
    parameters(loop.target(), test);
    if (loop.test() != null) {
      new Names(test).expression(loop.test());
    }
    Scope otherwise = new Scope(parent);
    body(loop.otherwise(), otherwise);
    result.loops.put(loop, new LoopScopes(body, test, otherwise));
  }

  private static void parameters(Expr target, Scope scope) {
    switch (target) {
      case Expr.Name name -> scope.parameter(name.name());
      case Expr.TupleLiteral tuple -> tuple.items().forEach(item -> parameters(item, scope));
      default -> {}
    }
  }

  /** Loads and stores of one scope, not looking into the scopes inside it. */
  private final class Names {
    private Scope scope;

    Names(Scope scope) {
      this.scope = scope;
    }

    void visit(Stmt statement) {
      switch (statement) {
        case Stmt.Output output -> output.parts().forEach(this::expression);
        case Stmt.SetValue set -> {
          expression(set.value());
          target(set.target());
        }
        case Stmt.SetBlock set -> target(set.target());
        case Stmt.MacroDefinition macro -> scope.store(macro.name());
        case Stmt.For loop -> expression(loop.iterable());
        case Stmt.CallBlock call -> expression(call.call());
        case Stmt.FilterBlock block -> expression(block.filter());
        case Stmt.With with -> with.values().forEach(this::expression);
        case Stmt.If branches -> branches(branches);
        case Stmt.Generation g -> {}
        case Stmt.Break b -> {}
        case Stmt.Continue c -> {}
      }
    }

    private void branches(Stmt.If node) {
      Stmt.Branch first = node.branches().getFirst();
      expression(first.test());
      Scope original = scope;
      Scope then = branch(original, first.body());
      scope = copy(original);
      Scope others = scope;
      for (Stmt.Branch branch : node.branches().subList(1, node.branches().size())) {
        expression(branch.test());
        others.join(List.of(branch(others, branch.body())));
      }
      Scope otherwise = branch(original, node.otherwise());
      original.join(List.of(then, others, otherwise));
      scope = original;
    }

    /** The names after one branch; the current scope is put back. */
    private Scope branch(Scope from, List<Stmt> body) {
      Scope before = scope;
      scope = copy(from);
      Scope own = scope;
      body.forEach(this::visit);
      scope = before;
      return own;
    }

    private Scope copy(Scope from) {
      copies += from.names().size();
      if (copies > MAX_COPIES) {
        throw Failure.limit("too many names in too many branches");
      }
      return from.branch();
    }

    private void target(Expr target) {
      switch (target) {
        case Expr.Name name -> scope.store(name.name());
        case Expr.NamespaceTarget reference -> scope.load(reference.name());
        case Expr.TupleLiteral tuple -> tuple.items().forEach(this::target);
        default -> {}
      }
    }

    void expression(Expr expression) {
      if (expression instanceof Expr.Name name) {
        scope.load(name.name());
      } else {
        Children.of(expression).forEach(this::expression);
      }
    }
  }
}
