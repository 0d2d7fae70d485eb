// Tables that sort by the column whose heading is pressed; empty cells and dashes come last.

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

function sortBy(head) {
  const rising = head.getAttribute("aria-sort") !== "ascending";
  const body = head.closest("table").tBodies[0];
  const value = (row) => row.cells[head.cellIndex].textContent.replace(/^–$/, "");
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
    return rising ? order : -order;
  };
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b))));
}
