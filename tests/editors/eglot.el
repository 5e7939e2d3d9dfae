;;; Drives a real Emacs with eglot, with the README's own configuration: emacs --batch -Q -l this  -*- lexical-binding: t -*-
;; SNIPPET is what the README says, FILE the document. What goes wrong is the last line that is printed.
(setq load-prefer-newer t
      make-backup-files nil create-lockfiles nil auto-save-default nil
      eglot-sync-connect 180 eglot-connect-timeout 180 eglot-autoshutdown nil
      eglot-confirm-server-initiated-edits nil eglot-confirm-server-edits nil
      eglot-send-changes-idle-time 0)
(unless (require 'eglot nil t)
  (let ((default-directory "/usr/share/emacs/site-lisp/elpa")) (normal-top-level-add-subdirs-to-load-path))
  (require 'eglot))
(require 'flymake)
;; Of the major modes for Rust only the newest Emacs brings one along.
(unless (fboundp 'rust-mode) (define-derived-mode rust-mode prog-mode "Rust"))
(load (getenv "SNIPPET") nil t)
(add-hook 'project-find-functions
          (lambda (folder) (let ((root (locate-dominating-file folder "Cargo.toml"))) (and root (cons 'transient root)))))

(defun check (condition what)
  (unless condition (princ (format "not so: %s\n%s\n" what (buffer-string))) (kill-emacs 1))
  (princ (format "ok: %s\n" what)))

(defun wait-for (what is-there)
  (let ((end (+ (float-time) 180)) (found nil))
    (while (and (not (setq found (funcall is-there))) (< (float-time) end))
      (accept-process-output nil 0.05)
      (ignore-errors (eglot--signal-textDocument/didChange))
      (ignore-errors (flymake-start)))
    (check found what)))

(defun finds (count) (lambda () (= count (length (flymake-diagnostics)))))
(defun has (text) (save-excursion (goto-char (point-min)) (search-forward text nil t)))

(find-file (getenv "FILE"))
(rust-mode)
(buffer-enable-undo)
(apply #'eglot--connect (eglot--guess-contact))
(wait-for "three findings come" (finds 3))
(let ((original (buffer-string)))
  (goto-char (point-min))
  (insert "// é🦀\n")
  (undo-boundary)
  (wait-for "the findings move"
            (lambda () (let ((found (flymake-diagnostics)))
                         (and (= 3 (length found))
                              (save-excursion
                                (goto-char (apply #'min (mapcar #'flymake-diagnostic-beg found)))
                                (looking-at "thread::sleep(Duration::from_millis(1))"))))))
  (goto-char (point-min))
  (search-forward "thread::sleep(")
  ;; The answer is the one that is offered first: the preferred one.
  (cl-letf (((symbol-function 'completing-read)
             (lambda (_prompt _choices &optional _predicate _match _initial _history default) default)))
    (let ((last-nonmenu-event ?a))
      (eglot-code-actions (line-beginning-position) (line-end-position) "quickfix" t)))
  (undo-boundary)
  (wait-for "the repair is made"
            (lambda () (has "/* é🦀 */ tokio::time::sleep(Duration::from_millis(1)).await;")))
  (wait-for "two findings are left" (finds 2))
  (save-buffer)
  (undo-boundary)
  (check (has "tokio::time::sleep(Duration::from_millis(2)).await;") "what is safe is repaired before it is written")
  (check (equal (buffer-string)
                (with-temp-buffer (insert-file-contents (getenv "FILE")) (buffer-string)))
         "the file has it")
  (wait-for "what is not safe is left" (finds 1))
  (setq last-command nil)
  (let ((count 0))
    (while (and (not (equal (buffer-string) original)) (< count 50))
      (if (= count 0) (undo-only) (setq last-command 'undo) (undo-only))
      (setq count (1+ count))))
  (check (equal (buffer-string) original) "all of it can be undone")
  (wait-for "and is found again" (finds 3)))
(ignore-errors (eglot-shutdown (eglot-current-server) nil 3))
(set-buffer-modified-p nil)
(princ "the end\n")
(kill-emacs 0)
