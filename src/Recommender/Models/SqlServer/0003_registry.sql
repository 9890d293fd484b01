-- Model packages and which version of a model is live, so that a replica needs nothing but the database.

CREATE TABLE model_packages (
    model nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    version nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    file_name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    content varbinary(max) NOT NULL,
    CONSTRAINT model_packages_key PRIMARY KEY (model, version, file_name)
);

-- versions: those promoted, newest last, a JSON list.
CREATE TABLE live_models (
    model nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT live_models_key PRIMARY KEY,
    versions nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL
);
