"""The paper's tables: which rows they have, fitting and evaluating them, and writing what was found."""
