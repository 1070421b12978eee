"""What other tests wait for before they look at a page, on pages that are drawn late."""

import pytest
from playwright.sync_api import BrowserContext

from .conftest import await_rest, patient

PAGE = """<div data-testid="stApp" data-test-script-state="notRunning" style="--mad-A: red"><h1>Heading</h1></div>
<script>
  window.madPresent = () => {};
  const app = document.querySelector("div");
  const later = change => setTimeout(() => { change(); window.changed = true; }, 600);
  (CHANGE)();
</script>"""

CHANGES = {
    "script": "const state = app.dataset; state.testScriptState = 'initial'; "
    "later(() => { state.testScriptState = 'notRunning' })",
    "styles": 'app.style = ""; later(() => { app.style = "--mad-A: red" })',
    "keys": "const keys = madPresent; madPresent = null; later(() => { madPresent = keys })",
    "place held": "app.innerHTML += '<p data-testid=stSkeleton></p>'; later(() => app.lastChild.remove())",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_is_awaited_until_it_is_drawn(context: BrowserContext, change: str) -> None:
    page = patient(context.new_page())
    page.set_content(PAGE.replace("CHANGE", f"() => {{ {CHANGES[change]} }}"))
    await_rest(page)
    assert page.evaluate("window.changed") is True
    page.close()
