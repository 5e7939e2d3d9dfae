-- Drives a real Neovim, with the README's own configuration: nvim --headless -u NONE -i NONE -n -l or -c 'luafile this'.
-- SNIPPET is what the README says, FILE the document. What goes wrong is the last line that is printed.
local PATIENCE = 180000

local function say(text)
  io.stdout:write(text .. "\n")
end

local function check(condition, what)
  if not condition then
    error("not so: " .. what)
  end
  say("ok: " .. what)
end

local function run()
  vim.cmd("set hidden noswapfile")
  dofile(os.getenv("SNIPPET"))
  vim.cmd("edit " .. vim.fn.fnameescape(os.getenv("FILE")))
  vim.bo.filetype = "rust"
  local buffer = vim.api.nvim_get_current_buf()

  local function lines()
    return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
  end
  local function has(text)
    return lines():find(text, 1, true) ~= nil
  end
  local function wait(what, is_there)
    check(vim.wait(PATIENCE, is_there, 20), what)
  end
  -- A script is one step for undo, unless it says where steps end; a user who types has many.
  local function end_step()
    vim.cmd("let &undolevels = &undolevels")
  end
  local function finds(count)
    return function()
      return #vim.diagnostic.get(buffer) == count
    end
  end

  wait("three findings come", finds(3))
  local original = lines()
  local first = vim.diagnostic.get(buffer)[1]
  check(first.source == "async-fix" and first.message:find("blocks the runtime worker", 1, true), "they say why")

  -- Typed above it first: the action must be for the text as it is.
  vim.api.nvim_buf_set_lines(buffer, 0, 0, false, { "// é🦀" })
  wait("the findings move", function()
    local found = vim.diagnostic.get(buffer)
    return #found == 3 and found[1].lnum == first.lnum + 1
  end)
  local moved = vim.diagnostic.get(buffer)[1]
  vim.api.nvim_win_set_cursor(0, { moved.lnum + 1, moved.col })
  local titles = {}
  vim.ui.select = function(items, _, choose)
    for index, item in ipairs(items) do
      local action = item.action or item[2]
      table.insert(titles, action.title)
      if action.kind == "quickfix" and action.isPreferred then
        return choose(item, index)
      end
    end
    choose(nil)
  end
  end_step()
  vim.lsp.buf.code_action()
  wait("the repair is made", function()
    return has("/* é🦀 */ tokio::time::sleep(Duration::from_millis(1)).await;")
  end)
  wait("two findings are left", finds(2))

  -- What the README does before a file is written.
  end_step()
  vim.cmd("write")
  check(has("tokio::time::sleep(Duration::from_millis(2)).await;"), "what is safe is repaired before it is written")
  local written = table.concat(vim.fn.readfile(os.getenv("FILE")), "\n")
  check(written == lines(), "the file has it")
  wait("what is not safe is left", finds(1))

  vim.cmd("undo")
  wait("one undo brings one finding back", finds(2))
  vim.cmd("undo")
  vim.cmd("undo")
  check(lines() == original, "all of it can be undone")
  wait("and is found again", finds(3))
  say("the end")
end

local good, problem = xpcall(run, debug.traceback)
if not good then
  say(tostring(problem))
end
vim.cmd(good and "qall!" or "cquit 1")
