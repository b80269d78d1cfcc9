/** What to do about a failed subtask, by its error code or by the first part of it. */

export const remedies = {
  SourceFileError:
    "There's a problem with the source file; retrying won't help. Check that it plays in another player, then re-export and upload it again.",
  "SourceFileError.NotMedia": "This isn't a video or audio file, despite its name. Upload a valid media file.",
  "SourceFileError.NoVideo": "The file has no video. Use an audio operation or upload a file with video.",
  "SourceFileError.NoStreams": "The file has no video or audio. Export it again and upload the new file.",
  "SourceFileError.NotReadable":
    "Check the bucket policy, its KMS key and the role of RunSubtask, then restart the failed subtasks. If the source file was deleted, upload it again.",
  "SourceFileError.Archived": "Restore the source file from S3 Glacier, then restart the failed subtasks.",
  "SourceFileError.Deleted":
    "The source file was deleted from the bucket. Upload it again. If no orchestration matches its key, create a task for it.",
  "SourceFileError.Changed":
    "The source file was overwritten after this task was created. Create a task for the new file.",
  "SourceFileError.UnsupportedCodec": "Convert the file to a common codec, such as H.264 with AAC, and upload it again.",
  ParameterError:
    "The parameters don't suit this file. Change the template or the subtask's parameters, then create a new task.",
  "ParameterError.PastTheEnd":
    "The file is shorter than the requested time. Use an earlier time or a percentage such as 50%.",
  "ParameterError.OutputName": "Shorten the output path or file name in the orchestration.",
  "ParameterError.AssetNotFound":
    "A file named in the parameters isn't in the bucket. Upload it or correct the name.",
  "ParameterError.UnknownProvider": "Install the provider in this stack, or select another one in the parameters.",
  LimitError:
    "The job exceeds the worker's limits. Use a lower resolution or a shorter clip, or increase WorkerMemory or WorkerDisk in the stack.",
  "LimitError.Record": "The subtask produces too many files. Request fewer files or use shorter names.",
  "LimitError.Time":
    "Processing exceeds the worker's time limit. Choose a faster speed or lower resolution, or split the file.",
  OperationError:
    "ffmpeg read the file but couldn't process it. See the log below; different parameters often help.",
  "InternalError.NewerVersion":
    "A newer version of Reelmill stored something that this subtask needs. Deploy that version again, then restart the failed subtasks.",
  InternalError:
    "An internal error occurred; your file isn't the cause. Restart the failed subtasks. If it happens again, check the worker logs.",
};
