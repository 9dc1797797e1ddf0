"""Site: what this collection adds to the pages that broadsheet makes."""
