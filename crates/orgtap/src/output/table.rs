//! Aligned columns for people.

use std::fmt::Write;

use super::console::Style;
use super::format::printable;

/// The most characters of a cell that are shown where a table cuts its cells.
const MAX_CELL_CHARS: usize = 60;

/// A table with a heading. Cells are made [`printable`] when they are added.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    title: String,
    is_number: bool,
    width: usize,
}

impl Table {
    /// Returns an empty table with these headings. Those that end with `#` are headings of numbers, set to the right.
    pub(crate) fn new(titles: impl IntoIterator<Item: AsRef<str>>) -> Self {
        let column = |title: &str| {
            let is_number = title.ends_with('#');
            let title = printable(title.trim_end_matches('#'));
            Column { width: title.chars().count(), title, is_number }
        };
        Self { columns: titles.into_iter().map(|title| column(title.as_ref())).collect(), rows: Vec::new() }
    }

    /// Adds a row; a cell that is too long is cut.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item: AsRef<str>>) {
        let cells: Vec<_> = cells.into_iter().map(|cell| cut(&printable(cell.as_ref()))).collect();
        for (column, cell) in self.columns.iter_mut().zip(&cells) {
            column.width = column.width.max(cell.chars().count());
        }
        self.rows.push(cells);
    }

    /// Returns the heading, without a line end.
    pub(crate) fn heading(&self, style: Style) -> String {
        style.bold(&self.line(self.columns.iter().map(|column| column.title.as_str())))
    }

    /// Returns the rows and forgets them; the widths stay, so that what is added next is aligned with them as far as it fits.
    pub(crate) fn take_rows(&mut self) -> String {
        let rows = std::mem::take(&mut self.rows);
        rows.iter().map(|cells| self.line(cells.iter().map(String::as_str)) + "\n").collect()
    }

    /// Returns the whole table, without the last line end.
    pub(crate) fn render(mut self, style: Style) -> String {
        let heading = self.heading(style);
        let rows = self.take_rows();
        format!("{heading}\n{rows}").trim_end().to_owned()
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        for (column, cell) in self.columns.iter().zip(cells) {
            let width = column.width;
            // Writing to a String cannot fail.
            match column.is_number {
                true => write!(line, "{cell:>width$}  ").ok(),
                false => write!(line, "{cell:<width$}  ").ok(),
            };
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn cut(cell: &str) -> String {
    if cell.chars().nth(MAX_CELL_CHARS).is_none() {
        return cell.to_owned();
    }
    cell.chars().take(MAX_CELL_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_are_tame() {
        let mut table = Table::new(["name", "records#"]);
        table.push(["a\nb", "1,000"]);
        table.push([&"x".repeat(70), "7"]);

        let rendered = table.render(Style::off());

        let long = format!("{}…", "x".repeat(59));
        assert_eq!(rendered, format!("{:<60}  records\n{:<60}    1,000\n{long}        7", "name", "a b"));
    }
}
