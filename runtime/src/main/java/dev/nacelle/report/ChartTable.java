package dev.nacelle.report;

import org.jspecify.annotations.Nullable;

/** Rows of text under a head, in a box that scrolls when there are many. */
final class ChartTable {
  private final StringBuilder out = new StringBuilder();

  ChartTable(String... heads) {
    out.append("<table><thead><tr>");
    for (String head : heads) {
      out.append("<th scope=\"col\">").append(Html.escape(head)).append("</th>");
    }
    out.append("</tr></thead><tbody>\n");
  }

  /** A row; a cell that is null is left out. */
  void row(@Nullable String... cells) {
    out.append("<tr>");
    for (int i = 0; i < cells.length; i++) {
      String cell = cells[i];
      if (cell != null) {
        String text = Html.escape(cell);
        out.append(i == 0 ? "<th scope=\"row\">" + text + "</th>" : "<td>" + text + "</td>");
      }
    }
    out.append("</tr>\n");
  }

  String html() {
    return "<div class=\"scroll\">" + out + "</tbody></table></div>\n";
  }
}
